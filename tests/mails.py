"""Generated mails: of friends and of shops, plain and with parts; the same from the same seed."""

import random
from email.message import EmailMessage

FRIENDS = [
    "lunch",
    "train",
    "book",
    "garden",
    "meeting",
    "report",
    "thanks",
    "tomorrow",
    "notes",
    "draft",
]
SHOPS = ["prize", "offer", "cheap", "pills", "winner", "cash", "urgent", "claim", "bonus", "deal"]
BOTH = ["the", "you", "and", "for", "with", "now", "this", "is", "at", "on"]


def mail(seed: int) -> tuple[bytes, int]:
    """A mail, and whether it is spam."""
    rng = random.Random(seed)
    spam = rng.random() < 0.4
    telling = SHOPS if spam else FRIENDS
    words = [*rng.choices(telling, k=rng.randint(2, 6)), *rng.choices(BOTH, k=rng.randint(3, 12))]
    rng.shuffle(words)
    text = " ".join([*words, str(rng.randrange(10**6)), "!" if rng.random() < 0.3 else ""])
    message = EmailMessage()
    message["From"] = f"{rng.choice(['ann', 'bob', 'shop'])}{rng.randrange(20)}@example.org"
    message["Subject"] = " ".join(rng.choices(words, k=3)) + (" für Sie" if seed % 7 == 0 else "")
    message["Message-ID"] = f"<{seed}@example.org>"
    message.set_content(text + "\n")
    if seed % 5 == 0:
        message.add_alternative(f"<p>{text} <b>more</b></p>", subtype="html")
    return bytes(message), int(spam)
