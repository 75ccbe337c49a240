/** What a new object of equal pods begins with: a deployment, or a replica set by itself. */
export const REPLICATED_TEMPLATE = `spec:
  replicas: 1
  selector:
    matchLabels:
      app: NAME
  template:
    metadata:
      labels:
        app: NAME
    spec:
      containers:
        - name: main
          image: nginx:stable
          # ports: [{ containerPort: 80 }]
          # readinessProbe: { httpGet: { path: /, port: 80 } }
          # resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { memory: 256Mi } }
`;
