"""The command ``denograd clean``: the columns of a file refined, and what has changed told."""
