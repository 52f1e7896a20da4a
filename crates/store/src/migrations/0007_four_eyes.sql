-- Why a call was cancelled and by which act.
ALTER TABLE calls ADD COLUMN cancellation {json};
-- Of the acts about a call as a whole one of a kind waits at a time, whoever asks at once.
CREATE UNIQUE INDEX proposals_one_waiting ON proposals (call, kind)
WHERE state = 'pending'
  AND kind IN ('publication', 'extension', 'rule_change', 'cancellation');
