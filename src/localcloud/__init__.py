"""AWS in virtual time on moto."""
