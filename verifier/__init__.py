"""Inventory real backup locations, prove which copies are independent, score them against 3-2-1."""
