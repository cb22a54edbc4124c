"""What is remembered: one schema, one history of migrations, one module of questions and answers."""
