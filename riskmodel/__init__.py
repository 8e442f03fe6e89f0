"""Monte Carlo of data loss over backup layouts, with exact cross-checks."""
