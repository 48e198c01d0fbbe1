-- Every report with its region: the 5 by 5 degree cell that holds it, named by its south-west corner.
CREATE VIEW regional AS
SELECT
    *,
    CONCAT(
        CAST(CAST(FLOOR(latitude / 5) * 5 AS INT) AS STRING),
        '_',
        CAST(CAST(FLOOR(longitude / 5) * 5 AS INT) AS STRING)
    ) AS region
FROM flights
