"""What a forecast is: a distribution that can be asked, and can be surprised.

The kernels come first, and the forecasts that people hold call the same ones.
"""
