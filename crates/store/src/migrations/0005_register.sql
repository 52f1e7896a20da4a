-- A consortium over the years: what held when. Lists that only grow are documents.
ALTER TABLE consortia ADD COLUMN accreditations {json} NOT NULL DEFAULT '[]';
ALTER TABLE consortia ADD COLUMN past_funds {json} NOT NULL DEFAULT '[]';
ALTER TABLE consortia ADD COLUMN programmes {json} NOT NULL DEFAULT '[]';
ALTER TABLE links ADD COLUMN since_on {day};
ALTER TABLE links ADD COLUMN until_on {day};

-- Where a letter was to go before its address was corrected, and what had become of it there.
CREATE TABLE letter_redirections (
  letter {uuid} NOT NULL REFERENCES letters (id),
  number {int} NOT NULL CHECK (number > 0),
  address text NOT NULL,
  state text NOT NULL,
  attempts {int} NOT NULL,
  sent_at {instant},
  last_answer text,
  -- The bytes as they were frozen for that address, if they were.
  message {bytes},
  redirected_at {instant} NOT NULL,
  PRIMARY KEY (letter, number)
);
CREATE INDEX letters_by_consortium ON letters (consortium, state);
