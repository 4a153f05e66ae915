"""The denoisers that DenoGrad is compared with, one per file."""
