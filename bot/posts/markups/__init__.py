"""The markups of the platforms by their families: what makes words harmless there, and how looks are marked."""
