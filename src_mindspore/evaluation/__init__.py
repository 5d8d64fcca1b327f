"""A model in any form to honest numbers."""
