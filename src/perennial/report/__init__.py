"""Pure: facts to page, Markdown, card."""
