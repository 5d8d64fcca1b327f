"""Protocol buffers of unknown origin."""

import struct

from google.protobuf.message import DecodeError, Message


def parse_protobuf(message: Message, content: bytes) -> bool:
    """Fills a message; False where the content is damaged, cut short or something else."""
    try:
        message.ParseFromString(content)
    # the decoder in Python, which MindSpore selects, checks less than the one in C
    except (DecodeError, ValueError, LookupError, TypeError, RecursionError, struct.error):
        return False
    return True
