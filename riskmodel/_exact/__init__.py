"""The parts of ``riskmodel.exact``: reading a layout, state spaces, chains, closed forms."""
