/** The worker's side of workers.ts: one question, one answer, and how far it is in between. */

export type OnBytes = (done: number, total: number) => void

export type News<Answer> =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly why: string }

export function answerWith<Job, Answer>(work: (job: Job, onBytes: OnBytes) => Promise<Answer>): void {
  const tell = (news: News<Answer>) => self.postMessage(news)
  self.addEventListener('message', async ({ data }: MessageEvent<Job>) => {
    try {
      tell({ kind: 'done', answer: await work(data, (done, total) => tell({ kind: 'progress', done, total })) })
    } catch (error) {
      tell({ kind: 'failed', why: `${error}` })
    }
  })
}
