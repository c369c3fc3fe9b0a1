"""The façade: what `import ingitdb` offers."""
