"""What a strange table is: dialect, types, keys, task, suspects; and the documents that say so."""
