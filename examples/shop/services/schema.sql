-- Tables of the shop, made at every start; what is there already stays.
CREATE TABLE IF NOT EXISTS products (id int PRIMARY KEY, name text NOT NULL, category int NOT NULL);
CREATE TABLE IF NOT EXISTS prices (product int PRIMARY KEY REFERENCES products, cents int NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    customer text NOT NULL,
    cents int NOT NULL,
    accepted boolean NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_at ON orders (at);

INSERT INTO products SELECT n, 'Product ' || n, n % 10 FROM generate_series(1, 200) n ON CONFLICT DO NOTHING;
INSERT INTO prices SELECT n, 100 + n * 7919 % 20000 FROM generate_series(1, 200) n ON CONFLICT DO NOTHING;
DELETE FROM orders WHERE at < now() - interval '1 day';

-- A price takes the 100 ms that rules over a large price list would, without their CPU: with two connections
-- the shop has a capacity, 20 quotes a second, that a surge can exceed on a small machine.
CREATE OR REPLACE FUNCTION quote(wanted int[]) RETURNS TABLE (product int, cents int) LANGUAGE sql VOLATILE AS $$
    SELECT pg_sleep(0.1);
    SELECT prices.product, prices.cents FROM prices WHERE prices.product = ANY (wanted);
$$;
