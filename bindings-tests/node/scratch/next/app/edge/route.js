import { work } from "../work";

export const runtime = "edge";
export const dynamic = "force-dynamic";
export const GET = () => work("edge");
