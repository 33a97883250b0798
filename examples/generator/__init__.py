"""Makes the example subscribers and the example day: fictitious people, fictitious numbers, documented attacks."""
