import type { UsersConfig } from '../config.ts';

/** A users table that somebody might come with: how it was made, how it is mapped. */
export type UsersTable = {
  readonly name: string;
  /** Statements that make it; none for our own. */
  readonly ddl: readonly string[];
  readonly users: UsersConfig;
};

const nothing = { idType: 'uuid', idDefault: 'database', linkLegacyRows: true } as const;
const plain = { active: ['active'], deleted: ['deleted'] };

/** Every kind of users table that the directory promises to work with. */
export const usersTables: readonly UsersTable[] = [
  {
    name: 'our own table',
    ddl: [],
    users: { ...nothing, columns: { id: 'not-read' }, states: plain },
  },
  {
    name: 'their table: serial key, subject, no state',
    ddl: [
      `create table public.people (
        key bigserial primary key, sub varchar(255) unique, mail varchar(254), full_name varchar(100), born date)`,
    ],
    users: {
      ...nothing,
      table: 'people',
      idType: 'bigint',
      columns: { id: 'key', subject: 'sub', email: 'mail', name: 'full_name' },
      states: plain,
    },
  },
  {
    name: 'their table: integer identity key, no subject',
    ddl: [
      `create table public.people (
        id integer generated always as identity primary key, email text, name text, status text not null default 'active')`,
    ],
    users: {
      ...nothing,
      table: 'public.people',
      idType: 'bigint',
      columns: { id: 'id', email: 'email', name: 'name', state: 'status' },
      states: plain,
    },
  },
  {
    name: 'their table: uuid key by the database, subject and provider, states of their own',
    ddl: [
      'create schema hr',
      `create type hr.standing as enum ('hired', 'on leave', 'let''s see', 'gone', 'locked')`,
      `create table hr."Staff" (
        id uuid primary key default gen_random_uuid(), idp text, idp_sub text, email text, name text,
        standing hr.standing not null, made timestamptz not null, changed timestamptz not null, unique (idp, idp_sub))`,
    ],
    users: {
      ...nothing,
      table: 'hr.Staff',
      columns: {
        id: 'id',
        provider: 'idp',
        subject: 'idp_sub',
        email: 'email',
        name: 'name',
        state: 'standing',
        createdAt: 'made',
        updatedAt: 'changed',
      },
      states: { active: ['hired', `let's see`], deleted: ['gone'] },
    },
  },
  {
    name: 'their table: uuid key by us, no subject',
    ddl: ['create table public.people (id uuid primary key, email text, name text, state text not null)'],
    users: {
      ...nothing,
      table: 'people',
      idDefault: 'uuid-v7',
      columns: { id: 'id', email: 'email', name: 'name', state: 'state' },
      states: plain,
    },
  },
  {
    name: 'their table: text key by us, reserved words as names, a boolean for the state',
    ddl: [
      `create table public."user" (
        "order" text primary key, "from" text, "group" text, "end" text, "desc" text, "all" boolean not null)`,
    ],
    users: {
      ...nothing,
      table: 'user',
      idType: 'text',
      idDefault: 'uuid-v7',
      columns: { id: 'order', provider: 'from', subject: 'group', email: 'end', name: 'desc', state: 'all' },
      states: { active: ['true'], deleted: [] },
    },
  },
  {
    name: 'their table: text key by the database, subject and provider, no state',
    ddl: [
      `create table public.people (
        id varchar(64) primary key default 'u_' || gen_random_uuid(), provider text, subject text, email text, name text)`,
    ],
    users: {
      ...nothing,
      table: 'people',
      idType: 'text',
      columns: { id: 'id', provider: 'provider', subject: 'subject', email: 'email', name: 'name' },
      states: plain,
    },
  },
];
