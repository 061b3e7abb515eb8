"""What several test folders and the benchmark share: databases, servers, studies, a browser."""
