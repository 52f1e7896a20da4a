UPDATE applications SET project = json_object(
  'title', title, 'summary', summary, 'sector', sector,
  'starts_on', starts_on, 'ends_on', ends_on, 'requested', requested_cents,
  'declarations', json(declarations),
  'activities', (
    SELECT json_group_array(json_object('code', code, 'kind', kind, 'title', title, 'market', market))
    FROM (SELECT * FROM activities WHERE application = applications.id AND submission = 0 ORDER BY position)),
  'participants', (
    SELECT json_group_array(partita_iva)
    FROM (SELECT * FROM participants WHERE application = applications.id AND submission = 0 ORDER BY position)),
  'budget_lines', (
    SELECT json_group_array(json_object(
      'activity', activity, 'category', category, 'description', description, 'amount', amount_cents))
    FROM (SELECT * FROM budget_lines WHERE application = applications.id AND submission = 0 ORDER BY position)));
DELETE FROM activities WHERE submission = 0;
DELETE FROM participants WHERE submission = 0;
DELETE FROM budget_lines WHERE submission = 0;
ALTER TABLE applications DROP COLUMN summary;
ALTER TABLE applications DROP COLUMN declarations;
