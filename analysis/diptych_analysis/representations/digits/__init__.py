"""Networks that confuse digits on purpose: representations whose difference is known (Sec. 4.5)."""
