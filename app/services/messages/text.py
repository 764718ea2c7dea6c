"""What a message says, before it is made into a mail or a text message."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """A message as mail (`subject`, `body`) and as text message (`short`), in the language of who gets it.

    An empty line parts the paragraphs of `body`. `params` fill a provider's template; of them a `code` or a `link` that
    is a paragraph of its own is shown large, a link under the words of `action`.
    """

    subject: str
    body: str
    short: str
    params: Mapping[str, str] = field(default_factory=dict)
    action: str = ""
