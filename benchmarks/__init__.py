"""Speed, memory and start-up, as ratios measured in one run on one machine."""
