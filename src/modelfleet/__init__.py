"""A model for every customer, trained and served with no one's hands."""
