/** What the embedded cluster can be told at its start. */
export interface EngineOptions {
  /** Directory of this cluster: state, certificates, images, logs. */
  readonly directory: string;
  readonly name: string;
  /** Port on 127.0.0.1; 0 takes a free one the first time and keeps it. */
  readonly port: number;
}
