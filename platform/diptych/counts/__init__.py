"""What is measured per ended session, and the counts behind the figures."""
