-- Who becomes available anew may be given again what they gave up: the few conversations that know of such agents are found by this.

CREATE INDEX conversation_given_up ON conversation (id) WHERE excluded <> '[]';
