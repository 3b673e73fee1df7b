"""Where trouble comes from, in any system: entities, who depends on whom, and what each of them loses."""
