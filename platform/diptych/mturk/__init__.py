"""HITs on Amazon Mechanical Turk: offers, changes, fees and qualifications."""
