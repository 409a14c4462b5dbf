-- An anonymous visitor who has signed in became another one: what was theirs is that one's, and their token opens nothing any more.
ALTER TABLE visitor ADD COLUMN merged_into BLOB;
CREATE INDEX visitor_of_merged ON visitor (merged_into, created_at) WHERE merged_into IS NOT NULL;
