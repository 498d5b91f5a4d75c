"""The knowledge graph: facts, rules, and what follows from them."""
