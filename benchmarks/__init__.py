"""What Newsdesk measures about itself, on real news beside the checkout. `make bench` runs all of it."""
