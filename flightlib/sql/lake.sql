-- The Iceberg catalog: its tables are called `lake.sky.NAME`. A session gets it when a statement
-- first names it, so that all else works while the catalog is down. Nothing of it is cached: a
-- column that is added shows at once.
CREATE CATALOG lake WITH (
    'type' = 'iceberg',
    'catalog-type' = 'rest',
    'uri' = '{catalog}',
    'cache-enabled' = 'false'
)
