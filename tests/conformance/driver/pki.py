class Pki: pass
