"""Many submissions at once: found, matched with a roster, graded on any executor, kept in a gradebook."""
