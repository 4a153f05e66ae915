"""What is written of the long table: tables, figures and pages."""
