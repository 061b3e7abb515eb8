"""Settings, database, secrets, money and clocks: what every other folder uses."""
