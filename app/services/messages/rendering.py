"""How a message looks: as a mail in plain text and in HTML, and as a text message."""

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from app.config import PROJECT, settings
from app.domain.enums import Language
from app.services.messages.text import Text
from app.services.messages.tongue import Tongue

_RIGHT_TO_LEFT_MARK = "\u200f"
_FONTS = {
    Language.ENGLISH: "'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    Language.HEBREW: "'Segoe UI', 'Arial Hebrew', 'Noto Sans Hebrew', Arial, sans-serif",
    Language.HINDI: "'Nirmala UI', 'Kohinoor Devanagari', 'Noto Sans Devanagari', Mangal, Arial, sans-serif",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of a mail; `kind` is `text`, `code` or `link`."""

    kind: str
    content: str

    @property
    def lines(self) -> list[str]:
        return self.content.split("\n")


@dataclass(frozen=True, slots=True)
class Letter:
    """The two parts of a mail."""

    text: str
    html: str


def letter(text: Text, say: Tongue, *, stop: str = "") -> Letter:
    """The mail of a message. `stop` is the address that ends mails of this kind; empty where people have no say."""
    shop = settings().shop_name
    why = say("You get this message because you have an account at {shop}.", shop=shop) if stop else ""
    ending = say("No more e-mails of this kind") if stop else ""
    footer = f"\n\n-- \n{shop}\n{why}\n{ending}: {stop}" if stop else ""
    html = _template("mail.html").render(
        say=say,
        side=_side(say),
        font=_FONTS[say.language],
        shop=shop,
        subject=text.subject,
        blocks=_blocks(text),
        action=text.action,
        why=why,
        stop=stop,
        ending=ending,
    )
    return Letter(text.body + footer, html)


def short(text: Text, say: Tongue) -> str:
    """The text message, from whom it is in front. The name of the shop must not turn its direction around."""
    mark = _RIGHT_TO_LEFT_MARK if say.direction == "rtl" else ""
    return f"{mark}{settings().shop_name}: {text.short}"


def page(say: Tongue, *, title: str, sentence: str, button: str = "") -> str:
    """A page for who follows a link of a mail; the button sends the same address again, as POST."""
    return _template("page.html").render(
        say=say, font=_FONTS[say.language], shop=settings().shop_name, title=title, sentence=sentence, button=button
    )


def _side(say: Tongue) -> str:
    """Where lines begin, in words that old mail programs know too."""
    return "right" if say.direction == "rtl" else "left"


def _blocks(text: Text) -> list[Block]:
    special = {text.params[kind]: kind for kind in ("code", "link") if text.params.get(kind)}
    paragraphs = text.body.strip().split("\n\n")
    return [Block(special.get(paragraph, "text"), paragraph) for paragraph in paragraphs]


@cache
def _template(name: str) -> Template:
    loader = FileSystemLoader(PROJECT / "app" / "templates")
    surroundings = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return surroundings.get_template(name)
