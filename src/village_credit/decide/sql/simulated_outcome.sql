SELECT unit_code, product, state AS decision, band, CAST(stored_limit AS BIGINT) AS limit_yuan, binding AS binding_term,
       CASE WHEN is_frozen THEN list_append(grounds, 'FROZEN')
           WHEN is_spared THEN list_prepend('RELIEF_KEPT', grounds) ELSE grounds END AS reason_codes,
       capacity AS capacity_yuan, band_limit AS band_yuan, need AS need_yuan, headroom AS headroom_yuan,
           rise AS rise_yuan, branch AS branch_yuan
FROM outcome
