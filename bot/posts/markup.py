"""Walks an article's HTML: what is text and what only stands around it, in time that grows with its length alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from selectolax.lexbor import LexborHTMLParser, LexborNode

LONGEST = 400_000  # Characters of HTML; what comes after is not read.
DEEPEST = 200  # Elements within each other; a page that nests deeper does so by mistake, or to hurt.
MOST_REOPENED = 200_000

Step = tuple[Literal["enter", "leave"], LexborNode]

# --- What is not the article ---------------------------------------------------------------------------------------

NO_TEXT = """
applet aside audio button canvas caption dialog embed figcaption form head iframe input map math nav noscript object
script select style svg template textarea title video
"""
SKIPPED = frozenset(NO_TEXT.split())
# Class names that plugins and themes give to what they add around an article's text.
FURNITURE = re.compile(
    r"""(?:^|\s)(?:
    sharedaddy|sd-(?:sharing|block|like|social)|jp-relatedposts|jp-post-flair|jetpack-(?:likes|subscribe|related)
    |wpl-likebox|fusion-(?:sharing|social|meta|theme-sharing)|a2a(?:_|-)|addtoany|addthis|at-(?:above|below)-post
    |heateor|the_champ|ssba|ss-inline-share|et_(?:social|bloom)|essb[-_]|swp[-_]|shareaholic|sharethis|st-btn
    |mashsb|dpsp-|apss-|nc_social|scriptless|novashare|hubbub|grow-share|monarch|wpsr-|ultimate-social
    |(?:social|share)[-_]?(?:shar|button|icon|link|bar|box|widget|wrap|list|media|this|post|follow)
    |(?:post|entry|article|content|simple|easy|author)[-_]?(?:shar|social)
    |crp_related|yarpp|rp4wp|related[-_]?(?:post|article|content|stor)|wp_rp|zem_rp
    |cookie[-_]?(?:notice|banner|consent|law|bar|info|popup|policy)|cookieconsent|cookielaw|cc-window|cky-|cmplz
    |moove[-_]gdpr|gdpr[-_]|onetrust|borlabs-cookie|cybot
    |wpcf7|gform|wpforms|mc4wp|mailpoet|newsletter-(?:form|signup)|frm_forms|ninja-forms
    |comments?-(?:area|list|respond|form)|disqus|author-?box|saboxplugin|abh_box|post-(?:meta|tags|nav)|entry-meta
    |ez-toc|lwptoc|toc_container|rank-math-toc|wp-block-(?:embed|search|social-links|latest-posts|post-comments)
    |screen-reader|sr-only|visually-?hidden|assistive-text|(?:more|read-?more|continue-reading)-?(?:link|tag)
    |moretag|post-edit-link|edit-link|feedflare|wp-caption-text|wp-element-caption|adsbygoogle|advert
    )""",
    re.VERBOSE | re.IGNORECASE,
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def is_furniture(node: LexborNode) -> bool:
    """Whether an element is something that a site puts around its articles, not the article."""
    if node.tag in SKIPPED:
        return True
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    if HIDDEN.search(attributes.get("style") or ""):
        return True
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return bool(FURNITURE.search(names))


# --- Shortcodes that were never carried out ------------------------------------------------------------------------

BUILDERS = "vc|et_pb|fusion|av|mk|su|cs|x|nectar|porto|tm|ultimate|dt|bsf|stm|wpb|kc|thb|eltdf|qode|edgtf"
SHORTCODE = re.compile(
    rf"\[/?(?:(?:{BUILDERS})_[a-z0-9_]+"
    r"|caption|gallery|embed|playlist|contact-form(?:-7)?|gravityforms?|wpforms|rev_slider|layerslider|mc4wp_form"
    r"|ninja_form|elementor-template|tribe_[a-z_]+|formidable|smartslider3|metaslider|instagram-feed|addtoany"
    r"|/?(?:video|audio|button|row|column|one_half|one_third)(?=[\s\]][^\[\]]*=|\]))"
    r"(?:\s[^\[\]]{0,2000})?/?\]"
)


def without_captions(html: str) -> str:
    """The HTML without the words of `[caption]` shortcodes; their pictures stay."""
    first, *rest = html.split("[caption")
    return first + "".join(_after_caption(part) for part in rest)


def _after_caption(part: str) -> str:
    inside, end, after = part.partition("[/caption]")
    if not end:
        return f"[caption{part}"
    return "".join(re.findall(r"<img\b[^<>]*>", inside)) + after


# --- Guarding the parser -------------------------------------------------------------------------------------------

# A parser looks through all attributes of a tag at each one more, to see whether it is there already.
ATTRIBUTE = r"[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+)?+"
MOST_ATTRIBUTES = 200
SWOLLEN = re.compile(rf"(<[a-zA-Z][^\s/>]*+(?:{ATTRIBUTE}){{{MOST_ATTRIBUTES}}})(?:{ATTRIBUTE})++")
# The standard makes a parser open unclosed looks again in each paragraph, and look through all that is open at each
# tag: a page of nothing but `<b><p>` costs the square of its length. Both are kept small before parsing.
LOOKS = "a b big code em font i nobr s small strike strong tt u"
VOID = "area base br col embed hr img input link meta param source track wbr"
MAY_STAY_OPEN = "body colgroup dd dt head html li optgroup option p rp rt tbody td tfoot th thead tr"
FORMATTING = frozenset(LOOKS.split())
UNCLOSED = frozenset((VOID + " " + MAY_STAY_OPEN).split())
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>]|$)")
EMBEDDED = re.compile(r"data:[a-z]{1,20}/[^\"'\s<>]{500,}")


def tamed(html: str) -> str:
    """The same HTML, such that parsing it takes linear time."""
    html = SWOLLEN.sub(r"\1", EMBEDDED.sub("", html)[:LONGEST].replace("\x00", ""))
    tags = [tag.lower() for _, tag in TAG.findall(html)]
    looks = sum(tag in FORMATTING for tag in tags)
    plain = looks * (len(tags) - looks) > MOST_REOPENED and looks > DEEPEST
    depth = 0

    def rename(found: re.Match[str]) -> str:
        nonlocal depth
        end, tag = found[1], found[2].lower()
        if tag in UNCLOSED:
            return found[0]
        depth = max(depth - 1, 0) if end else depth + 1
        if depth + bool(end) > DEEPEST:
            return f"<{end}wbr"
        return f"<{end}span" if plain and tag in FORMATTING and tag != "a" else found[0]

    return TAG.sub(rename, html) if plain or len(tags) > DEEPEST else html


# --- The walk ------------------------------------------------------------------------------------------------------


def walk(html: str) -> Iterator[Step]:
    """Each node of the article as it is entered and left; furniture is passed by. It never recurses."""
    html = html.encode("utf-8", "ignore").decode()
    node = LexborHTMLParser("<body>" + without_captions(tamed(html))).body
    depth = 0
    while node is not None:
        inside = None
        if depth == 0 or not (node.is_element_node and is_furniture(node)):
            yield "enter", node
            inside = node.first_child
            if inside is None:
                yield "leave", node
        if inside is not None:
            node, depth = inside, depth + 1
            continue
        while node is not None and node.next is None and depth:
            node, depth = node.parent, depth - 1
            if node is not None:
                yield "leave", node
        node = node.next if node is not None and depth else None
