"""Mail: messages as they travel, boxes that hold them, and the filter that learns from clicks."""
