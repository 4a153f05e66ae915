"""One self-contained page of a long table: what was run, the tables, the figures, every result.

`write_page` puts everything into one file that needs no network: its script and styles are
inline, its figures are data URIs, and its security policy forbids it to fetch anything.
"""

from experiments.report.page.write import Contents, Group, Image, write_page

__all__ = ["Contents", "Group", "Image", "write_page"]
