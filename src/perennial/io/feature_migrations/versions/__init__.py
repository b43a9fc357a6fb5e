"""One module per step; a released one is never edited, the next one follows it."""
