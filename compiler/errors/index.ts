// SPDX-License-Identifier: MIT
export { ERRORS, type ErrorCode, type ErrorRow, errorRow, type Stage } from './codes.js';
export { CompileError, type ErrorDetails, type Place } from './error.js';
