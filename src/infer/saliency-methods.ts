/** Ways to say which voxels matter. The command line names them, and loads no engine for it. */
export const SALIENCY_METHODS = ["gradient", "input_x_gradient", "integrated_gradients"] as const;
export type SaliencyMethod = (typeof SALIENCY_METHODS)[number];
