-- Rules of the whole installation.
CREATE TABLE house_rule (
    id                  INTEGER PRIMARY KEY CHECK (id = 1),
    second_factor_since INTEGER  -- sessions that began then or later need a second factor; NULL: none does
) STRICT;
INSERT INTO house_rule (id, second_factor_since) VALUES (1, NULL);
