"""The commands around the graph, one module each subject: read, call, say."""
