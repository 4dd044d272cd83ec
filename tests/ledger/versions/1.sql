SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.accounts (
    provider text NOT NULL,
    fingerprint text NOT NULL,
    account text NOT NULL
);
CREATE TABLE public.answers (
    fact_id bigint NOT NULL,
    state integer NOT NULL,
    call_id bigint NOT NULL,
    payload text NOT NULL,
    note text DEFAULT ''::text NOT NULL
);
CREATE TABLE public.bodies (
    id bigint NOT NULL,
    call_id bigint NOT NULL,
    received_at bigint NOT NULL,
    body bytea NOT NULL
);
CREATE SEQUENCE public.bodies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bodies_id_seq OWNED BY public.bodies.id;
CREATE TABLE public.calls (
    id bigint NOT NULL,
    run_id text NOT NULL,
    operation_id bigint NOT NULL,
    state integer NOT NULL,
    owner text NOT NULL,
    key_count integer NOT NULL,
    reserved bigint NOT NULL,
    "least" bigint DEFAULT '0'::bigint NOT NULL,
    most bigint DEFAULT '0'::bigint NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    request_id text,
    http_status integer,
    note text DEFAULT ''::text NOT NULL,
    reserved_at bigint NOT NULL,
    moment text NOT NULL,
    settled_at bigint
);
CREATE SEQUENCE public.calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.calls_id_seq OWNED BY public.calls.id;
CREATE TABLE public.events (
    digest text NOT NULL,
    received_at bigint NOT NULL
);
CREATE TABLE public.facts (
    id bigint NOT NULL,
    operation_id bigint NOT NULL,
    key text NOT NULL,
    state integer NOT NULL,
    call_id bigint NOT NULL,
    fetched_at bigint DEFAULT '0'::bigint NOT NULL
);
CREATE SEQUENCE public.facts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.facts_id_seq OWNED BY public.facts.id;
CREATE TABLE public.operations (
    id bigint NOT NULL,
    provider text NOT NULL,
    account text NOT NULL,
    step text NOT NULL,
    wants text NOT NULL
);
CREATE SEQUENCE public.operations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.operations_id_seq OWNED BY public.operations.id;
CREATE TABLE public.runs (
    id text NOT NULL,
    approval text NOT NULL,
    plan_hash text NOT NULL,
    operation_id bigint NOT NULL,
    approved_by text NOT NULL,
    approved_millicredits bigint NOT NULL,
    state text NOT NULL,
    stopped_why text DEFAULT ''::text NOT NULL,
    owner text NOT NULL,
    wanted bytea NOT NULL,
    fresh_after text NOT NULL,
    preview text NOT NULL,
    context text NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint
);
CREATE TABLE public.suppressions (
    digest text NOT NULL,
    added_at bigint NOT NULL,
    why text DEFAULT ''::text NOT NULL
);
CREATE TABLE public.verdicts (
    fact_id bigint NOT NULL,
    person text NOT NULL,
    same integer NOT NULL,
    given_by text NOT NULL,
    given_at bigint NOT NULL
);
CREATE TABLE public.workspace (
    name text NOT NULL,
    value text NOT NULL
);
ALTER TABLE ONLY public.bodies ALTER COLUMN id SET DEFAULT nextval('public.bodies_id_seq'::regclass);
ALTER TABLE ONLY public.calls ALTER COLUMN id SET DEFAULT nextval('public.calls_id_seq'::regclass);
ALTER TABLE ONLY public.facts ALTER COLUMN id SET DEFAULT nextval('public.facts_id_seq'::regclass);
ALTER TABLE ONLY public.operations ALTER COLUMN id SET DEFAULT nextval('public.operations_id_seq'::regclass);
INSERT INTO public.accounts VALUES ('testing', '04bcdecb30d83ba9', 'main');
INSERT INTO public.answers VALUES (2, 3, 2, '{"verdict": "valid", "city": "Århus"}', '');
INSERT INTO public.answers VALUES (3, 4, 2, '{}', 'no such mailbox');
INSERT INTO public.answers VALUES (4, 5, 3, '{}', 'do not contact');
INSERT INTO public.answers VALUES (6, 3, 5, '{"verdict": "valid", "city": "Århus"}', '');
INSERT INTO public.bodies VALUES (2, 2, 1781082000, '\x7801abae0500017500f9');
INSERT INTO public.bodies VALUES (3, 3, 1781082000, '\x7801abae0500017500f9');
INSERT INTO public.bodies VALUES (4, 5, 1781082000, '\x7801b3c928c9cdb1030007a30230');
INSERT INTO public.bodies VALUES (5, 5, 1781082000, '\x7801abae0500017500f9');
INSERT INTO public.bodies VALUES (6, 8, 1781082000, '\x7801abae0500017500f9');
INSERT INTO public.calls VALUES (1, 'expired', 1, 3, 'a2a5f1f09f14bd3f', 1, 1000, 900, 900, 1, 'req', 200, '', 1772442000, '13809 4f739aa9-3177-4f00-888c-2ce14796e053', 1772442000);
INSERT INTO public.calls VALUES (2, 'stopped', 1, 3, '849f3f504aa23ad0', 2, 2000, 1100, 1500, 1, 'req', 200, '', 1781082000, '13809 4f739aa9-3177-4f00-888c-2ce14796e053', 1781082000);
INSERT INTO public.calls VALUES (3, 'stopped', 1, 3, '849f3f504aa23ad0', 1, 1000, 0, 1000, 1, 'req', 200, '', 1781082000, '13809 4f739aa9-3177-4f00-888c-2ce14796e053', 1781082000);
INSERT INTO public.calls VALUES (4, 'stopped', 1, 2, '849f3f504aa23ad0', 1, 1000, 0, 0, 1, 'req', 200, 'left out of the answer', 1781082000, '13809 4f739aa9-3177-4f00-888c-2ce14796e053', NULL);
INSERT INTO public.calls VALUES (5, 'stopped', 1, 3, '849f3f504aa23ad0', 1, 1000, 0, 1000, 2, 'req', 200, '', 1781082000, '13809 4f739aa9-3177-4f00-888c-2ce14796e053', 1781082000);
INSERT INTO public.calls VALUES (6, 'stopped', 1, 4, '849f3f504aa23ad0', 1, 1000, 0, 0, 1, NULL, NULL, 'refused', 1781082000, '13810 4f739aa9-3177-4f00-888c-2ce14796e053', 1781082000);
INSERT INTO public.calls VALUES (7, 'stopped', 1, 3, '849f3f504aa23ad0', 1, 1000, 0, 1000, 1, NULL, NULL, 'give-up, decided by ann; no answer in time', 1781082000, '13810 4f739aa9-3177-4f00-888c-2ce14796e053', 1781082000);
INSERT INTO public.calls VALUES (8, 'stopped', 1, 3, '849f3f504aa23ad0', 1, 1000, 1000, 1000, 1, 'req', 200, '', 1781082000, '13810 4f739aa9-3177-4f00-888c-2ce14796e053', 1781082000);
INSERT INTO public.calls VALUES (9, 'left', 1, 2, '6854474f1108b088', 1, 1000, 0, 0, 1, NULL, NULL, 'HTTP 500', 1781082000, '13810 4f739aa9-3177-4f00-888c-2ce14796e053', NULL);
INSERT INTO public.calls VALUES (10, 'left', 1, 1, '6854474f1108b088', 1, 1000, 0, 0, 1, NULL, NULL, '', 1781082000, '13810 4f739aa9-3177-4f00-888c-2ce14796e053', NULL);
INSERT INTO public.events VALUES ('0123456789abcdef', 1781082000);
INSERT INTO public.facts VALUES (1, 1, 'forgotten 2128409d947e55110af2e4c649cb4446', 3, 1, 1772442000);
INSERT INTO public.facts VALUES (2, 1, 'anna@people.example', 3, 2, 1781082000);
INSERT INTO public.facts VALUES (3, 1, 'bo@people.example', 4, 2, 1781082000);
INSERT INTO public.facts VALUES (4, 1, 'chloé@people.example', 5, 3, 1781082000);
INSERT INTO public.facts VALUES (5, 1, 'dai@people.example', 2, 4, 0);
INSERT INTO public.facts VALUES (6, 1, 'eva@people.example', 3, 5, 1781082000);
INSERT INTO public.facts VALUES (8, 1, 'finn@people.example', 2, 7, 0);
INSERT INTO public.facts VALUES (9, 1, 'forgotten 58f6e37c6a447157028290fd6ad8a63d', 3, 8, 1781082000);
INSERT INTO public.facts VALUES (10, 1, 'gül@people.example', 2, 9, 0);
INSERT INTO public.facts VALUES (11, 1, 'ivo@people.example', 1, 10, 0);
INSERT INTO public.operations VALUES (1, 'testing', 'main', 'validate_emails', '');
INSERT INTO public.runs VALUES ('expired', 'expired', '', 1, 'ann', 9000, 'done', '', 'a2a5f1f09f14bd3f', '\x789c8b8e0500011500b9', '{}', '{}', '{}', 1772442000, 1772442000);
INSERT INTO public.runs VALUES ('stopped', 'seen by ann', '', 1, 'ann', 20000, 'stopped', 'cancelled by its user', '849f3f504aa23ad0', '\x789c8b564acccb4b742848cd2fc849d54bad48cc05d24a3a0a4a49f95804933372f2634a0d0c522db148a6246662114d2dc3667a5a665e1e16e17490e169c93958a432cbb03928ab342f158b707662118619b100b9d55233', '{}', '{}', '{}', 1781082000, 1781082000);
INSERT INTO public.runs VALUES ('left', 'left', '', 1, 'bob', 5000, 'running', '', '6854474f1108b088', '\x789c8b564a8f293530484bce712848cd2fc849d54bad48cc05d24a3a0a4a9965f9e8a2b100ac731166', '{}', '{}', '{}', 1781082000, NULL);
INSERT INTO public.suppressions VALUES ('9430fe11bd8770da90c0cf6d3ed3864f', 1781082000, 'forgotten');
INSERT INTO public.verdicts VALUES (2, 'f674e142ceb0107305111a0d11b3153a', 1, 'ann', 1781082000);
INSERT INTO public.workspace VALUES ('schema', '1');
INSERT INTO public.workspace VALUES ('salt', '9b7e760ea48910fb8c81aeae63f3a3eddb4d36bd41de6f3e6dfa6ae36bd7e272');
INSERT INTO public.workspace VALUES ('purged_at', '1781082000');
SELECT pg_catalog.setval('public.bodies_id_seq', 6, true);
SELECT pg_catalog.setval('public.calls_id_seq', 10, true);
SELECT pg_catalog.setval('public.facts_id_seq', 11, true);
SELECT pg_catalog.setval('public.operations_id_seq', 1, true);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (provider, fingerprint);
ALTER TABLE ONLY public.answers
    ADD CONSTRAINT answers_pkey PRIMARY KEY (fact_id);
ALTER TABLE ONLY public.bodies
    ADD CONSTRAINT bodies_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.facts
    ADD CONSTRAINT facts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.operations
    ADD CONSTRAINT operations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.operations
    ADD CONSTRAINT operations_provider_account_step_wants_key UNIQUE (provider, account, step, wants);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_approval_key UNIQUE (approval);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.suppressions
    ADD CONSTRAINT suppressions_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.verdicts
    ADD CONSTRAINT verdicts_pkey PRIMARY KEY (fact_id, person);
ALTER TABLE ONLY public.workspace
    ADD CONSTRAINT workspace_pkey PRIMARY KEY (name);
CREATE INDEX bodies_by_call ON public.bodies USING btree (call_id);
CREATE INDEX calls_by_day ON public.calls USING btree (reserved_at);
CREATE INDEX calls_by_run ON public.calls USING btree (run_id, state, reserved, "least", most);
CREATE INDEX calls_open ON public.calls USING btree (state, operation_id);
CREATE INDEX facts_by_call ON public.facts USING btree (call_id);
CREATE UNIQUE INDEX facts_by_key ON public.facts USING btree (operation_id, key);
CREATE INDEX runs_by_user ON public.runs USING btree (approved_by, started_at);
ALTER TABLE ONLY public.answers
    ADD CONSTRAINT answers_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.answers
    ADD CONSTRAINT answers_fact_id_fkey FOREIGN KEY (fact_id) REFERENCES public.facts(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.bodies
    ADD CONSTRAINT bodies_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_operation_id_fkey FOREIGN KEY (operation_id) REFERENCES public.operations(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.runs(id);
ALTER TABLE ONLY public.facts
    ADD CONSTRAINT facts_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.facts
    ADD CONSTRAINT facts_operation_id_fkey FOREIGN KEY (operation_id) REFERENCES public.operations(id);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_operation_id_fkey FOREIGN KEY (operation_id) REFERENCES public.operations(id);
ALTER TABLE ONLY public.verdicts
    ADD CONSTRAINT verdicts_fact_id_fkey FOREIGN KEY (fact_id) REFERENCES public.facts(id) ON DELETE CASCADE;
