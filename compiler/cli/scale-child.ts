// SPDX-License-Identifier: MIT
import { measureScale, type ScaleJob } from './scale-measure.js';

// A process of its own for one measurement of `fcc bench --scale`: the job as JSON in, the cost as JSON out.
process.stdout.write(JSON.stringify(measureScale(JSON.parse(process.argv[2]!) as ScaleJob)));
