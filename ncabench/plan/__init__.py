"""A Suite becomes Entries, each fully decided and named by its content."""
