-- The year of a multi-year programme that an application is the project of, and where its members
-- stood when it was submitted.
ALTER TABLE applications ADD COLUMN programme_first_year {int};
ALTER TABLE applications ADD COLUMN programme_year {int};
ALTER TABLE submissions ADD COLUMN programme_first_year {int};
ALTER TABLE submissions ADD COLUMN programme_year {int};
ALTER TABLE submissions ADD COLUMN export_share_basis_points {int}
  CHECK (export_share_basis_points BETWEEN 0 AND 10000);
ALTER TABLE submissions ADD COLUMN destination_markets {json};
CREATE INDEX applications_by_consortium ON applications (consortium);

-- Where firms are and where mail reaches them: a conflict of interest may show there.
ALTER TABLE consortia ADD COLUMN address text;
ALTER TABLE members ADD COLUMN address text;
ALTER TABLE members ADD COLUMN email text;

-- Of the acts about one ranking one waits at a time, whoever asks at once. What waited before has
-- no value here: it is found by its act.
ALTER TABLE proposals ADD COLUMN ranking {uuid};
CREATE UNIQUE INDEX proposals_one_about_a_ranking ON proposals (ranking) WHERE state = 'pending';
