"""Memory: recall, the embedder, working memory, and the pure code of search and ranking."""
